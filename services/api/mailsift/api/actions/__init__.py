"""What a request sets going: each action checks, writes its rows and its job in one transaction, and answers."""
