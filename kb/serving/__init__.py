"""The library for other programs: LangChain."""
