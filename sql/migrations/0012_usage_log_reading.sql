-- Reading the usage log by namespace and repository, and service keys by state.

CREATE INDEX usage_log_namespace ON usage_log (namespace_id, at DESC, id DESC);
CREATE INDEX usage_log_repository ON usage_log (repository_id, at DESC, id DESC)
    WHERE repository_id IS NOT NULL;

-- The words that clients of the API see.
ALTER TABLE service_key DROP CONSTRAINT service_key_approval_type_check;
ALTER TABLE service_key ADD CONSTRAINT service_key_approval_type_check CHECK (approval_type IN (
    'ServiceKeyApprovalType.SUPERUSER', 'ServiceKeyApprovalType.KEY_ROTATION',
    'ServiceKeyApprovalType.AUTOMATIC'));
CREATE INDEX service_key_service ON service_key (service, created_at);
