import type * as wire from '@shared/api/generated/wechat'
import type { Whole } from '@shared/api/whole'

/** The wire types of `wechat`, as its OpenAPI has them. */
export type Account = Whole<wire.AccountView> & Required<Pick<wire.AccountDraft, 'kind' | 'mode'>>
export type AccountChange = wire.AccountChange
export type Check = Whole<wire.CheckView>
export type Fan = Whole<wire.FanView>
export type KeywordReply = Whole<wire.KeywordReplyView> & Required<Pick<wire.KeywordReplyDraft, 'match'>>
export type KeywordReplyDraft = wire.KeywordReplyDraft
export type NewAccount = wire.AccountDraft
export type Quota = Whole<wire.QuotaView>
export type AccountKind = NewAccount['kind']
export type Mode = NonNullable<NewAccount['mode']>
