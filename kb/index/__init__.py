"""The catalog (the truth), the indexes that are derived from it, and retrieval over both.

``chunking`` makes chunks of papers. ``catalog`` keeps papers and chunks. ``lexical`` finds chunks by words (tantivy),
``dense`` by meaning (Chroma), over the vectors that ``vectors`` keeps. ``query`` reads what people type, ``retrieval``
answers it from both indexes, scored by ``fusion``. ``evaluation`` says how good a ranking is.
"""
