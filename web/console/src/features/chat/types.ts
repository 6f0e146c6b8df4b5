import type * as wire from '@shared/api/generated/chat'
import type { Whole } from '@shared/api/whole'

/** The wire types of `chat`, as its OpenAPI has them. */
export type Agent = Whole<wire.AgentView>
export type CannedDraft = wire.CannedDraft
export type CannedReply = Whole<wire.CannedView>
export type Conversation = Whole<wire.ConversationView>
export type ConversationDetail = Whole<wire.ConversationDetail>
export type Counts = Whole<wire.Counts>
export type Draft = Whole<wire.Draft>
export type Greeting = Whole<wire.GreetingView> & { kind: wire.GreetingDraft['kind'] }
export type GreetingDraft = wire.GreetingDraft
export type Group = Whole<wire.GroupView>
export type GroupDraft = wire.GroupDraft
export type Hours = Whole<wire.Hours>
export type Member = Whole<wire.Member>
export type Message = Whole<wire.MessageView>
export type NewMessage = Whole<wire.MessageDraft>
export type Person = Whole<wire.Person>
export type Presence = Whole<wire.Presence>
export type Span = Whole<wire.Span>
export type Supervision = Whole<wire.Supervision>
export type Upload = Whole<wire.Upload>
export type Viewer = Whole<wire.Viewer>
export type ConversationState = Conversation['state']
export type AgentStatus = Agent['status']
export type Box = 'mine' | 'queue' | 'closed' | 'all'
