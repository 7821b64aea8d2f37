"""What every mailsift service stands on: settings, storage, the database, the broker and the job engine."""
