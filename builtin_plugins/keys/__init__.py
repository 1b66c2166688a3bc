"""Operations on keys and on whom to trust; the provider of the service ``signing`` keeps both."""
