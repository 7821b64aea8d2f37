"""XLSX, XLS and ODS, read in a process of their own: what they do to it, they do to nothing else."""
