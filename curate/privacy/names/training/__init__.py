"""How the names model is made: lists, word clusters, texts, training, packing. Nothing here is needed to use it."""
