"""Finding figures and tables on pages: text roles, captions, ink, regions, and the choice between them."""
