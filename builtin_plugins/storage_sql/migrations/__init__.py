"""The schema's history: numbered steps, each of which can be taken back.

A step is never changed once it was released: its checksum is in every database that took it.
"""
