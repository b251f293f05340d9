use glame_core::ports::{NoRandomness, SecretSource};
use rand::TryRng;
use rand::rngs::SysRng;

/// The random numbers of the operating system, asked anew each time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl SecretSource for SystemSecrets {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SysRng.try_fill_bytes(bytes).map_err(|_| NoRandomness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_comes_twice() {
        let draw = || {
            let mut bytes = [0; 32];
            SystemSecrets.fill(&mut bytes).unwrap();
            bytes
        };
        assert_ne!(draw(), draw());
    }
}
