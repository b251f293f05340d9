//! SQLite does what the ports promise, in memory and on a file.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod in_memory {
    use std::sync::Arc;

    use glame_core::ports::Storage;

    async fn fresh() -> (Arc<dyn Storage>, ()) {
        (glame_storage::open("sqlite::memory:").await.unwrap(), ())
    }

    glame_core::storage_conformance!(fresh);
    glame_core::loyalty_conformance!(fresh);
}

mod on_a_file {
    use std::sync::Arc;

    use glame_core::ports::Storage;
    use tempfile::TempDir;

    async fn fresh() -> (Arc<dyn Storage>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("glame.db").display());
        glame_storage::migrate(&url).await.unwrap();
        (glame_storage::open(&url).await.unwrap(), folder)
    }

    glame_core::storage_conformance!(fresh);
    glame_core::loyalty_conformance!(fresh);
}
