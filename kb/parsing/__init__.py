"""Files to documents: PDF, HTML, Markdown and text, read in a guarded child process."""

PARSER = "kb-7"
"""Names the way of reading: a document that another way read is read again by the next ``kb add`` of its file."""
