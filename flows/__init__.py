"""Flows: the service's jobs, each a composition of tasks."""
