"""The bot framework of Kakehashi: messages, commands, adapters, clock, delivery."""
