"""What every HTTP face of a store needs: threads, bodies, keys, conditions and dates."""
