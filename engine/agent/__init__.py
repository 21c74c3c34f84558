"""All of our code that enters the measured interpreter, and nothing else.

`PYTHONPATH` names this folder, so that the interpreter imports `sitecustomize` from it and finds the package `_gilscope`.
Standard library only, CPython 3.11 and later, with or without a GIL. Imports inside `_gilscope` are relative, because the rest of
the engine reads its names and numbers as `engine.agent._gilscope`.
"""
