"""What an operator sees of the running bot: whether it is well (`/healthz`), and its figures (`/metrics`).

``metrics`` counts what happens; ``figures`` reads from the archive what stands there; ``pulse`` watches the event loop;
``condition`` judges whether the bot is live and ready; ``http`` serves all of it, by the local chat's server and by
``listener``, a small one of its own.
"""
