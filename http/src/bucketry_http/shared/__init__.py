"""What both ports of a store need: calls of the store, bodies, forms, headers, hosts, conditions and errors."""
