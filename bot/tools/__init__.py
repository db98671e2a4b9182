"""What the command line does beside running the bot: one module a command."""
