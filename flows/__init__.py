"""Prefect flows of the service, composed of tasks."""
