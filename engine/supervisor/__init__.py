"""One run, from spec to finished trace, in a process of its own: the ancestor of everything measured.

session    the loop: harvest, feed the timeline, tell a frame
voice      what we are told on stdin, and tell on stdout
measured   the measured interpreter and all its offspring: started, waited for, ended to the last one
outlet     where what it prints goes to
front      a program in the foreground: its signals, its stops, and its end
verdict    how a run ended, as its last frame says it
harvest    the probes, and what they saw as one `Evidence`
helper     the server of the workloads that speak HTTP: no lane, in no figure
"""
