/** A notifier could not hand an event over. Its message is for people, and holds no secret. */
export class DeliveryError extends Error {
  readonly isWorthAnother: boolean;
  /** When the receiver asks to be told again; null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, isWorthAnother: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.name = 'DeliveryError';
    this.isWorthAnother = isWorthAnother;
    this.retryAfterMs = retryAfterMs;
  }
}
