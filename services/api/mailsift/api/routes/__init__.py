"""The routes, a file per resource; each only translates between HTTP and an action or a repository."""
