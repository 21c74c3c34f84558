"""The single truth: every trace, finished or growing, is rows of one SQLite file, whoever writes them.

    traces        one row a trace: what lists and filters need, the record, and the figures frozen at its end
    frames        one row a frame, exactly as the engine encoded it: live and replay read the same rows
    comparisons   one row a comparison: what was asked for, and which traces it made

Only this package touches `sqlite3`.
"""

from app.store.comparisons import Comparison, Comparisons
from app.store.database import Database, StoreError
from app.store.reader import Reader, Snapshot
from app.store.rows import Listing, Row
from app.store.store import Conclusion, ConflictError, Store

__all__ = [
    "Comparison",
    "Comparisons",
    "Conclusion",
    "ConflictError",
    "Database",
    "Listing",
    "Reader",
    "Row",
    "Snapshot",
    "Store",
    "StoreError",
]
