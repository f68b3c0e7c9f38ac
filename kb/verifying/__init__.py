"""Pages verified: data against the catalog, a page by making it again, pages of the old kind by reading them."""
