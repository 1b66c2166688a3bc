"""Recommendations: what goes with what somebody uses, and why."""
