"""Who came before whom: which version a read returned, and which writes it had certainly missed."""
