/**
 * A wire type with every field present. Fields with a default may be left out of what is sent, and are marked
 * optional by the OpenAPI; answers always carry them.
 */
export type Whole<T> = T extends readonly (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T
