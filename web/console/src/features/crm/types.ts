import type * as wire from '@shared/api/generated/crm'
import type { Whole } from '@shared/api/whole'

/** The wire types of `crm`, as its OpenAPI has them. */
export type Customer = Whole<wire.Customer>
export type CustomerPatch = wire.CustomerPatch
export type RevealedPhone = Whole<wire.RevealedPhone>
export type TagCount = Whole<wire.TagCount>
