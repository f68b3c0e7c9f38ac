"""Language models behind ``kb.protocols.ChatModel``: all that LangChain reaches, cached, counted, with plain errors."""
