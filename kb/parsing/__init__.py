"""Files to documents: PDF, HTML, Markdown and text, read in a guarded child process."""
