"""From files to articles: readers, cleaning of newspaper furniture, structure of a body."""
