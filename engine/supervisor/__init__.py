"""One run, from spec to finished trace, in a process of its own: the ancestor of everything measured.

session    the loop: harvest, feed the timeline, tell a frame; heeds "cancel" and the end of its input
measured   the measured interpreter and all its offspring: started, waited for, ended to the last one
harvest    the probes, and what they saw as one `Evidence`
helper     the server of the workloads that speak HTTP: no lane, in no figure
"""
