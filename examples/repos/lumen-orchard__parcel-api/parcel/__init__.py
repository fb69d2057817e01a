"""Quotes, labels and tracking for parcels."""
