"""Domain data as messages: how editions, answers, items, facts and health read, in the reader's language."""
