"""A trace as one file, to be sent to somebody and imported elsewhere under the same id.

    bundle (zip)
      trace.json    {"format": "gilscope bundle", "version", "digest", "label", "frames": how many, "speedup", "baseline", "record"}
      frames.bin    u32 length and `encode_frame`, again and again

What is read is hostile until it has been checked: every size is bounded before anything of it is held, every name and number has its
type, and the digest is computed anew. What is not right is a BundleError, whose message says what to do.
"""

from engine.bundle.checks import BundleError
from engine.bundle.digest import digest_of
from engine.bundle.reader import Bundle, Limits, read_bundle
from engine.bundle.writer import VERSION, Aside, write_bundle

__all__ = ["VERSION", "Aside", "Bundle", "BundleError", "Limits", "digest_of", "read_bundle", "write_bundle"]
