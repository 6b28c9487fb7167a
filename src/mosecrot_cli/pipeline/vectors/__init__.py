"""`mosecrot vectors`: train, convert, look at, cut down static vectors."""
