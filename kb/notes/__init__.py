"""Reading notes: the sentences of a paper, what each does in it, and which of them a note quotes."""
