"""A model may phrase an answer; nothing that it writes is shown unless a passage says it.

``prompt`` asks, ``client`` carries, ``reply`` reads, ``check`` judges each sentence, ``phraser`` puts the answer
together again. Everything but the client is pure.
"""
