"""Built-in provider of the service ``content``: small bytes in the database, others in files or S3."""
