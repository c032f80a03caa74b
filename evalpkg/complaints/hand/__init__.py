"""Coding by hand: the sheet for two coders, their agreement, and shares that their answers correct."""
