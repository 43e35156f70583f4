"""Agents, their rule-based twins, messages and the brand: the words that people review.

Loaders and renderers import nothing of ours. Every load error reads `FILE:LINE:COL: text`.
"""
