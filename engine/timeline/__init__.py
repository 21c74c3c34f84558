"""Sources → lanes and segments. Pure: told what the probes saw, it answers frames; no clock, file or process.

    marks ────┐            ┌─ thread: core × GIL × operation ─► states ─┐
    switches ─┼► evidence ─┼─ GIL, cpu, process lanes ─────────────────┼─► Frame
    GIL ──────┘  (layers)  └─ task: step × its thread's states ────────┘

A *layer* is a step function of time: on which core, who holds the GIL, inside which operation. A lane's state at a moment is a function
of its layers at that moment, so one table decides everything (`thread_states`), over columns, a window at a time. The window ends at the
watermark: the time up to which every source has told all. What has begun and not ended there is open, and looked at again.
"""
