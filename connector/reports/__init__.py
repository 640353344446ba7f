"""Summaries for people, made from stored facts; read only."""
