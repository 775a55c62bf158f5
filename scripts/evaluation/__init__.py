"""The harness behind scripts/evaluate.py: data, systems, figures."""
