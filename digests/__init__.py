"""The domain of Kakehashi: stories, items, facts, digests. It knows no chat platform."""
