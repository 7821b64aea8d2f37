"""All SQL that writes "jobQueue". Every move is one statement that names the state it leaves, or the lease it holds."""
