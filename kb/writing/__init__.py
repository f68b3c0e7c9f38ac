"""What is written from evidence: answers, comparisons, notes, digests, and their verification."""
