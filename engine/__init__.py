"""Runs one workload under one concurrency model in a fresh interpreter and records what really happened.

Knows nothing of HTTP, HTML or SQL. `engine.trace` is the vocabulary that everything else speaks.
"""
