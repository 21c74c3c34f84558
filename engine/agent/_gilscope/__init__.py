"""Marks, models and workloads: what runs inside the measured interpreter."""
