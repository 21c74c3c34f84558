"""The command line: `gilscope COMMAND …`, one module a group of commands.

    arguments → what may be said      run · record · traces · serve · opening · diagnosis → what is done      terminal → where it is said

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 it failed; 2 the command line was wrong; of `record`, the program's.
"""
