"""What is written of papers in their own words: notes and topics, and how they are verified."""
