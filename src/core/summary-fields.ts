/**
 * Statements that enable the events which a restore disabled: the field's name in the summary and in JSON, where it stays what scripts know it
 * by.
 */
export const EVENTS_TO_ENABLE = 'wake';

/** Of a backup that was not completed: its folder, and its size on disk. */
export const PARTIAL_FOLDER = 'partial';
export const PARTIAL_BYTES = 'partialBytes';
